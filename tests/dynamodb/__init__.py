"""A second, independent DynamoDB: dynalite, which is stricter than moto in places."""
