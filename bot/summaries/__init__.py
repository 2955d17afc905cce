"""A week's figures: read, decided, told."""
