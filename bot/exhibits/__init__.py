"""What a board looks like outside its database: sheets, pages, documents and archives."""
