"""SQLAlchemy Core tables and the functions on them; they take an open connection and never commit."""
