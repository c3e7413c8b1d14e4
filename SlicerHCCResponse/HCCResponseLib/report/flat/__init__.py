"""The read as plain tables: reads, time points, lesions, adjudications."""
