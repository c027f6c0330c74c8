"""What a run leaves behind besides its waveforms: balances, figures, summary, decks for plain ngspice."""
