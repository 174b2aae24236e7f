"""The CNI 1.1 wire: configuration, environment, results, errors, dispatch. Pure, standard library only."""
