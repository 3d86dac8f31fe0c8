"""Mutation testing of the judgement (`make mutation`): which changes of its code would no test notice? See docs/testing.md."""
