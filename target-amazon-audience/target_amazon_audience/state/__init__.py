"""The file that remembers audiences, batches and members from run to run."""
