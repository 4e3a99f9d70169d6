package config

func secretSchema() object {
	return object{"type": []string{"string", "number", "boolean"}}
}
