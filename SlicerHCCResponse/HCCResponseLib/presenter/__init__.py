"""What a reader can see and do on an open read, without Qt and without a browser."""
