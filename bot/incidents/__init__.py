"""What happened and is kept: proposals, incidents, the history read from them."""
