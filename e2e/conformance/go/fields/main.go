// Command fields writes how the built-in kinds are laid out in protobuf, as the struct tags of their Go types say it.
//
// Usage: go run ./fields > ../../../simulator/face/protobuf_fields.json
//
// The table has two parts. "kinds" gives the message of each "apiVersion, Kind". "messages" gives the fields of each
// message by number, in the order in which Go writes them as JSON: [JSON name, type, flags]. The name is empty where a
// message is written into the one around it. The
// type is a message's name, or one of string, bytes, int, bool, double, or a type with a JSON form of its own. Flags:
// r repeated, m a map from strings, p a pointer (present when it was sent), o left out of JSON when it is zero.
package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"path"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/kubernetes/scheme"
)

type field [3]string

// fields are the fields of a message in order, each under its number.
type fields []struct {
	number string
	field  field
}

func (all fields) MarshalJSON() ([]byte, error) {
	var text strings.Builder
	for position, one := range all {
		row, err := json.Marshal(one.field)
		if err != nil {
			return nil, err
		}
		if position > 0 {
			text.WriteString(",")
		}
		fmt.Fprintf(&text, "%q:%s", one.number, row)
	}
	return []byte("{" + text.String() + "}"), nil
}

var (
	messages = map[string]fields{}
	special  = map[string]string{
		"resource.Quantity": "Quantity", "intstr.IntOrString": "IntOrString", "v1.Time": "Time",
		"v1.MicroTime": "MicroTime", "runtime.RawExtension": "Raw", "v1.FieldsV1": "Raw",
	}
)

func main() {
	kinds := map[string]string{}
	for kind, found := range scheme.Scheme.AllKnownTypes() {
		if wanted(kind) {
			kinds[kind.GroupVersion().String()+", "+kind.Kind] = nameOf(found)
		}
	}
	fmt.Println("{\"kinds\": {")
	lines(kinds)
	fmt.Println("}, \"messages\": {")
	lines(messages)
	fmt.Println("}}")
}

// lines writes one entry of a map a line, in order.
func lines[V any](entries map[string]V) {
	names := slices.Sorted(maps.Keys(entries))
	for position, name := range names {
		text, err := json.Marshal(entries[name])
		if err != nil {
			panic(err)
		}
		comma := ","
		if position == len(names)-1 {
			comma = ""
		}
		fmt.Printf("%q: %s%s\n", name, text, comma)
	}
}

// wanted are the versions that are there to stay, without lists, which nobody sends.
func wanted(kind schema.GroupVersionKind) bool {
	stable := !strings.Contains(kind.Version, "alpha") && !strings.Contains(kind.Version, "beta")
	options := strings.HasSuffix(kind.Kind, "Options") && (kind.Kind != "DeleteOptions" || kind.Group != "")
	return stable && kind.Version != "__internal" && !options && !strings.HasSuffix(kind.Kind, "List") &&
		kind.Kind != "WatchEvent" && kind.Kind != "Status" && !strings.HasPrefix(kind.Kind, "API")
}

// nameOf names a struct type and takes its fields, and those of what it is made of, into the table.
func nameOf(found reflect.Type) string {
	short := path.Base(found.PkgPath()) + "." + found.Name()
	if name := special[short]; name != "" {
		return name
	}
	parts := strings.Split(found.PkgPath(), "/")
	name := strings.Join(parts[len(parts)-2:], ".") + "." + found.Name()
	if messages[name] != nil {
		return name
	}
	messages[name] = fields{}
	for number := range found.NumField() {
		one := found.Field(number)
		tag := strings.Split(one.Tag.Get("protobuf"), ",")
		if len(tag) < 2 || tag[0] == "-" {
			continue
		}
		if _, err := strconv.Atoi(tag[1]); err != nil {
			panic(fmt.Sprint(name, one.Name, tag))
		}
		words := strings.Split(one.Tag.Get("json"), ",")
		row := layout(words[0], one.Type, strings.Join(words[1:], ","))
		messages[name] = append(messages[name], struct {
			number string
			field  field
		}{tag[1], row})
	}
	return name
}

func layout(jsonName string, found reflect.Type, options string) field {
	flags := ""
	if strings.Contains(options, "omitempty") || strings.Contains(options, "omitzero") {
		flags += "o"
	}
	if found.Kind() == reflect.Pointer {
		flags, found = flags+"p", found.Elem()
	}
	switch {
	case found.Kind() == reflect.Map:
		flags, found = flags+"m", found.Elem()
	case found.Kind() == reflect.Slice && found.Elem().Kind() != reflect.Uint8 && !isMessage(found):
		flags, found = flags+"r", found.Elem()
		if found.Kind() == reflect.Pointer {
			found = found.Elem()
		}
	}
	return field{jsonName, typeName(found), flags}
}

// isMessage tells a list that is a message of its own, whose one field are its items.
func isMessage(found reflect.Type) bool {
	return reflect.PointerTo(found).Implements(reflect.TypeFor[interface{ Unmarshal([]byte) error }]())
}

func typeName(found reflect.Type) string {
	switch found.Kind() {
	case reflect.Struct:
		return nameOf(found)
	case reflect.String:
		return "string"
	case reflect.Bool:
		return "bool"
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint8, reflect.Uint32, reflect.Uint64:
		return "int"
	case reflect.Float64:
		return "double"
	case reflect.Slice:
		if found.Elem().Kind() == reflect.Uint8 {
			return "bytes"
		}
		return "Items"
	default:
		panic(found.String())
	}
}
