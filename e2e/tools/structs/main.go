// Command structs writes how the API server's own Go types look as JSON, which some of its refusals print.
//
// Usage: go run ./structs > ../../simulator/kube/server/go_structs.json
//
// The API server keeps objects in types of its own, not in those of the API. Their fields have no JSON names, so that
// they are printed under their Go names, all of them, in the order of their declaration. The table gives the fields of
// each such type: [printed name, name in the API, type, flags]. The printed name is empty where the fields of a struct
// are printed among those around it; the name in the API is empty where the API has the same without a name, and "-"
// where it has none. A type is a struct of the table, or one of string, int, bool, double, bytes, Quantity,
// IntOrString, Time; "*" before it is a pointer, "[]" a list, "{}" a map from strings. Flags: o left out when empty.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path"
	"reflect"
	"slices"
	"strings"

	certificatesv1 "k8s.io/api/certificates/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/kubernetes/pkg/apis/certificates"
	"k8s.io/kubernetes/pkg/apis/core"
)

type field [4]string

var (
	structs = map[string][]field{}
	special = map[string]string{
		"resource.Quantity": "Quantity", "intstr.IntOrString": "IntOrString", "v1.Time": "Time",
	}
	kinds = map[reflect.Kind]string{
		reflect.String: "string", reflect.Bool: "bool", reflect.Int: "int", reflect.Int32: "int",
		reflect.Int64: "int", reflect.Float64: "double",
	}
)

func main() {
	for _, pair := range [][2]any{
		{core.EphemeralContainer{}, corev1.EphemeralContainer{}},
		{core.PersistentVolumeClaimSpec{}, corev1.PersistentVolumeClaimSpec{}},
		{core.PersistentVolumeSource{}, corev1.PersistentVolumeSource{}},
		{core.PodTemplateSpec{}, corev1.PodTemplateSpec{}},
		{certificates.CertificateSigningRequestCondition{}, certificatesv1.CertificateSigningRequestCondition{}},
	} {
		typeName(reflect.TypeOf(pair[0]), reflect.TypeOf(pair[1]))
	}
	names := slices.Sorted(maps.Keys(structs))
	for position, name := range names {
		text, err := json.Marshal(structs[name])
		if err != nil {
			panic(err)
		}
		before, after := " ", ","
		if position == 0 {
			before = "{"
		}
		if position == len(names)-1 {
			after = "}"
		}
		fmt.Printf("%s%q: %s%s\n", before, name, text, after)
	}
}

// typeName names a type, and takes a struct into the table; served is the type of the API for the same.
func typeName(own, served reflect.Type) string {
	if served.Kind() == reflect.Pointer && own.Kind() != reflect.Pointer {
		served = served.Elem()
	}
	switch own.Kind() {
	case reflect.Pointer:
		if served.Kind() == reflect.Pointer {
			served = served.Elem()
		}
		return "*" + typeName(own.Elem(), served)
	case reflect.Slice:
		if own.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "[]" + typeName(own.Elem(), served.Elem())
	case reflect.Map:
		return "{}" + typeName(own.Elem(), served.Elem())
	case reflect.Struct:
		return structName(own, served)
	}
	if kinds[own.Kind()] == "" {
		panic(own.String())
	}
	return kinds[own.Kind()]
}

func structName(own, served reflect.Type) string {
	short := path.Base(own.PkgPath()) + "." + own.Name()
	if name := special[short]; name != "" {
		return name
	}
	if structs[short] != nil {
		return short
	}
	structs[short] = []field{}
	for number := range own.NumField() {
		structs[short] = append(structs[short], row(own.Field(number), served))
	}
	return short
}

func row(one reflect.StructField, served reflect.Type) field {
	tag, options, _ := strings.Cut(one.Tag.Get("json"), ",")
	printed, flags := tag, ""
	if strings.Contains(options, "omitempty") {
		flags = "o"
	}
	if printed == "" && !one.Anonymous {
		printed = one.Name
	}
	same, found := served.FieldByName(one.Name)
	if !found && one.Anonymous {
		return field{"", "", typeName(one.Type, served), flags}
	}
	if !found {
		fmt.Fprintln(os.Stderr, served, "has no", one.Name)
		return field{printed, "-", typeName(one.Type, one.Type), flags}
	}
	name, _, _ := strings.Cut(same.Tag.Get("json"), ",")
	return field{printed, name, typeName(one.Type, same.Type), flags}
}
