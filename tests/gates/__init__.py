"""Programs of others that wait for a verdict, as processes beside the test cluster: each of them the real one."""
