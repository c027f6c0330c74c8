"""Running decks on libngspice: sessions, checks of what may run, success and failure."""
