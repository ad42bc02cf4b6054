"""What only training needs: corpora, authored examples, fitting. Not in the container."""
