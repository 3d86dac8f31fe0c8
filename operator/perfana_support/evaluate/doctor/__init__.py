"""What is wrong with an operator in its cluster, by facts that were read before. Pure, as all judgement."""
