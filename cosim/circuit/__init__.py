"""The circuits as the engine knows them: their decks, and their terminal characteristics as measured."""
