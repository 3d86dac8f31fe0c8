"""The operator in a cluster of thousands of workloads, beside other ways to watch one."""
