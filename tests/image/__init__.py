"""The operator's image: made by whatever builder this machine has, and for tests on a base of the distribution's packages."""
