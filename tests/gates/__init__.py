"""The tools of others that hold an application back by what a check says: found or built, and run."""
