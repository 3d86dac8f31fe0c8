"""The rules, one module a condition, and the verdict that joins them. Pure: facts, a policy and a day in, findings out."""
