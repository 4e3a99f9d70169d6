package main

import (
	"fmt"
	"io"
	"runtime/debug"
	"strings"

	cdx "github.com/CycloneDX/cyclonedx-go"
)

// writeSBOM lists the modules that this program was built of, as CycloneDX JSON.
// The same program gives the same bytes: no time, no random serial number.
func writeSBOM(to io.Writer, info *debug.BuildInfo) error {
	bom := cdx.NewBOM()
	program := component(cdx.ComponentTypeApplication, info.Main.Path, version)
	program.Licenses = &cdx.Licenses{{License: &cdx.License{ID: "Apache-2.0"}}}
	bom.Metadata = &cdx.Metadata{Component: &program}
	parts := []cdx.Component{component(cdx.ComponentTypeLibrary, "stdlib", strings.TrimPrefix(info.GoVersion, "go"))}
	for _, m := range info.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		part := component(cdx.ComponentTypeLibrary, m.Path, m.Version)
		part.Properties = &[]cdx.Property{{Name: "go:sum", Value: m.Sum}}
		parts = append(parts, part)
	}
	bom.Components = &parts
	if err := cdx.NewBOMEncoder(to, cdx.BOMFileFormatJSON).SetPretty(true).Encode(bom); err != nil {
		return fmt.Errorf("writing the bill of materials: %w", err)
	}
	return nil
}

// component names a Go module by its package URL.
func component(kind cdx.ComponentType, path, version string) cdx.Component {
	url := "pkg:golang/" + path + "@" + version
	return cdx.Component{BOMRef: url, Type: kind, Name: path, Version: version, PackageURL: url}
}
