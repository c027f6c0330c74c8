"""What each model is worth: figures with limit, status and source, and one picture per model."""
