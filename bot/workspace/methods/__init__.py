"""The Web API's methods, a family a module."""
