// Plaintext or TLS, as the options say.
#pragma once

#include <grpcpp/grpcpp.h>

#include <fstream>
#include <iterator>
#include <memory>
#include <string>

#include "../common/options.h"

inline std::string read_file(const char* path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline std::shared_ptr<grpc::ServerCredentials> server_credentials(const options& o) {
  if (!o.certificate) return grpc::InsecureServerCredentials();
  grpc::SslServerCredentialsOptions tls;
  tls.pem_key_cert_pairs.push_back({read_file(o.key), read_file(o.certificate)});
  return grpc::SslServerCredentials(tls);
}

inline std::shared_ptr<grpc::ChannelCredentials> client_credentials(const options& o) {
  if (!o.certificate) return grpc::InsecureChannelCredentials();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = read_file(o.certificate);
  return grpc::SslCredentials(tls);
}
