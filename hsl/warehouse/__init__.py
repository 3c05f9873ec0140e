"""The main database's people and deliveries in DuckDB: searched, counted and drawn."""
