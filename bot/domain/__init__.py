"""Values without input or output: requests, jobs, recipes, lineage, viewers, boards."""
