"""The reference pages of the documentation, written from the program and its schemas: `make reference`."""
