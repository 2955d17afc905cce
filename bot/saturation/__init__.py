"""How much of the limits is in use: looked at, kept, thinned with age."""
