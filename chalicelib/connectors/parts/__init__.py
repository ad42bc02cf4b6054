"""What several vendors' connectors share: reading shapes, texts and mail, proofs of origin."""
