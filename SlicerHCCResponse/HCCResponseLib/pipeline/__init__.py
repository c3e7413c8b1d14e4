"""What runs for a read: propose, adapt, follow. The only room that knows both decisions and networks."""
