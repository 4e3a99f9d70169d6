ghz --config ghz.toml --rps
