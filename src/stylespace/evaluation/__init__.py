"""What a trained model really does."""
