package main

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// users are those who get a client certificate, and their groups.
var users = map[string]pkix.Name{
	"admin":              {CommonName: "kubernetes-admin", Organization: []string{"system:masters"}},
	"controller-manager": {CommonName: "system:kube-controller-manager", Organization: []string{"system:masters"}},
	"scheduler":          {CommonName: "system:kube-scheduler"},
	"proxy":              {CommonName: "system:kube-proxy"},
	"node":               {CommonName: "system:node:node1", Organization: []string{"system:nodes"}},
}

// certificates fills a directory: a CA, a server certificate for the names and addresses given, one client certificate
// for each of users, and the key that signs service account tokens.
func certificates(arguments []string) error {
	if len(arguments) < 2 {
		return fmt.Errorf("usage: kubebed certificates DIRECTORY NAME...")
	}
	dir, names := arguments[0], arguments[1:]
	ca, err := newAuthority(dir)
	if err != nil {
		return err
	}
	server := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "kube-apiserver"},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, name := range names {
		if address := net.ParseIP(name); address != nil {
			server.IPAddresses = append(server.IPAddresses, address)
		} else {
			server.DNSNames = append(server.DNSNames, name)
		}
	}
	if err := ca.issue("apiserver", server); err != nil {
		return err
	}
	for file, subject := range users {
		client := &x509.Certificate{Subject: subject, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}
		if err := ca.issue(file, client); err != nil {
			return err
		}
	}
	return tokenKey(dir)
}

// authority is a CA and where it writes what it issues.
type authority struct {
	dir         string
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(dir string) (*authority, error) {
	template := &x509.Certificate{
		Subject:               pkix.Name{CommonName: "test-bed-ca"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign | x509.KeyUsageDigitalSignature,
	}
	ca := &authority{dir: dir}
	if err := ca.issue("ca", template); err != nil {
		return nil, err
	}
	return ca, nil
}

// issue makes a key and a certificate for it and writes both; the first certificate signs itself and all others.
func (ca *authority) issue(file string, template *x509.Certificate) error {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return err
	}
	if template.SerialNumber, err = rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120)); err != nil {
		return err
	}
	// Clocks differ: valid from an hour ago.
	template.NotBefore = time.Now().Add(-time.Hour)
	template.NotAfter = template.NotBefore.AddDate(1, 0, 0)
	template.KeyUsage |= x509.KeyUsageDigitalSignature
	if ca.key == nil {
		ca.certificate, ca.key = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, ca.certificate, key.Public(), ca.key)
	if err != nil {
		return err
	}
	if err := ca.write(file+".crt", "CERTIFICATE", der); err != nil {
		return err
	}
	return writeKey(filepath.Join(ca.dir, file+".key"), key)
}

func (ca *authority) write(file, kind string, der []byte) error {
	return writePEM(filepath.Join(ca.dir, file), kind, der)
}

// tokenKey writes sa.key and sa.pub.
func tokenKey(dir string) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return err
	}
	if err := writePEM(filepath.Join(dir, "sa.pub"), "PUBLIC KEY", public); err != nil {
		return err
	}
	return writeKey(filepath.Join(dir, "sa.key"), key)
}

func writeKey(path string, key crypto.Signer) error {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return err
	}
	return writePEM(path, "PRIVATE KEY", der)
}

func writePEM(path, kind string, der []byte) error {
	return os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600)
}
