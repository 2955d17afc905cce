"""The command line: exit status 0 done, 1 the thing asked for could not be done, 2 wrong usage."""
