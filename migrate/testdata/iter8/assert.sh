iter8 k assert -c completed
