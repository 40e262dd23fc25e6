package main

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// document is a piece of JSON.
type document map[string]any

// image writes an OCI image archive with one program in it: ARCHIVE REFERENCE PROGRAM.
func image(arguments []string) error {
	if len(arguments) != 3 {
		return fmt.Errorf("usage: kubebed image ARCHIVE REFERENCE PROGRAM")
	}
	path, reference := arguments[0], arguments[1]
	program, err := os.ReadFile(arguments[2])
	if err != nil {
		return err
	}
	name := filepath.Base(arguments[2])
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer file.Close()
	archive := &layout{tar: tar.NewWriter(file)}
	layer := archive.blob("application/vnd.oci.image.layer.v1.tar", layerOf(name, program))
	config := archive.json("application/vnd.oci.image.config.v1+json", document{
		"architecture": "amd64", "os": "linux",
		"config": document{"Entrypoint": []string{"/" + name}},
		"rootfs": document{"type": "layers", "diff_ids": []any{layer["digest"]}},
	})
	manifest := archive.json("application/vnd.oci.image.manifest.v1+json", document{
		"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
		"config": config, "layers": []document{layer},
	})
	manifest["annotations"] = document{"io.containerd.image.name": reference, "org.opencontainers.image.ref.name": reference}
	archive.file("oci-layout", encode(document{"imageLayoutVersion": "1.0.0"}))
	archive.file("index.json", encode(document{"schemaVersion": 2, "manifests": []document{manifest}}))
	return archive.tar.Close()
}

// layout is an OCI image layout on its way into an archive. A failed write shows when the archive is closed.
type layout struct {
	tar *tar.Writer
}

func (l *layout) json(media string, content document) document {
	return l.blob(media, encode(content))
}

// blob adds content under its digest and returns its descriptor.
func (l *layout) blob(media string, content []byte) document {
	sum := sha256.Sum256(content)
	digest := hex.EncodeToString(sum[:])
	l.file("blobs/sha256/"+digest, content)
	return document{"mediaType": media, "digest": "sha256:" + digest, "size": len(content)}
}

func (l *layout) file(name string, content []byte) {
	addFile(l.tar, name, 0o644, content)
}

func layerOf(name string, program []byte) []byte {
	var layer bytes.Buffer
	writer := tar.NewWriter(&layer)
	addFile(writer, name, 0o755, program)
	if err := writer.Close(); err != nil {
		panic("a buffer takes everything: " + err.Error())
	}
	return layer.Bytes()
}

func addFile(writer *tar.Writer, name string, mode int64, content []byte) {
	header := &tar.Header{Name: name, Mode: mode, Size: int64(len(content))}
	if writer.WriteHeader(header) == nil {
		_, _ = writer.Write(content)
	}
}

func encode(content document) []byte {
	text, err := json.Marshal(content)
	if err != nil {
		panic("text, numbers and lists are always written: " + err.Error())
	}
	return text
}
