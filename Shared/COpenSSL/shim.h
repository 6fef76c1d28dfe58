// OpenSSL's headers, and functions for those of its macros that Swift cannot import.
#ifndef ASSAY_COPENSSL_H
#define ASSAY_COPENSSL_H

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

static inline long assay_SSL_CTX_set_mode(SSL_CTX *ctx, long mode) {
  return SSL_CTX_set_mode(ctx, mode);
}
static inline int assay_SSL_CTX_set_min_proto_version(SSL_CTX *ctx, int version) {
  return (int)SSL_CTX_set_min_proto_version(ctx, version);
}
static inline long assay_SSL_CTX_set_read_ahead(SSL_CTX *ctx, int yes) {
  return SSL_CTX_set_read_ahead(ctx, yes);
}
static inline long assay_SSL_set_tlsext_host_name(SSL *ssl, const char *name) {
  return SSL_set_tlsext_host_name(ssl, name);
}
static inline long assay_SSL_CTX_set_session_cache_mode(SSL_CTX *ctx, long mode) {
  return SSL_CTX_set_session_cache_mode(ctx, mode);
}

static const unsigned long assay_XN_FLAG_RFC2253 = XN_FLAG_RFC2253;

#endif
