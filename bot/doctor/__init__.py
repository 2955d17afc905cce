"""What can be wrong with a set-up, and the mend of each fault: facts gathered at the doors, judged by pure functions."""
