/// The file that lists what all the others describe.
struct RegistryGenerator {
  let name: String
  let request: CodeGeneratorRequest
  let parameters: Parameters

  func source() -> String {
    let generated = Set(request.filesToGenerate)
    let files = request.files.filter { generated.contains($0.name) }
    // Imported, but generated nowhere: descriptor.proto. Their bytes are kept here.
    let imported = request.files.filter {
      !generated.contains($0.name) && !parameters.elsewhere.contains($0.name)
    }
    let services = files.flatMap { file in
      file.services.map { service in
        (
          proto: file.package.isEmpty ? service.name : "\(file.package).\(service.name)",
          swift: Naming.prefix(of: file) + service.name
        )
      }
    }

    var source = SourceText()
    source.lines(FileGenerator.header("all schemas"))
    source.line()
    for module in (["Codec"] + parameters.imports).sorted() { source.line("import \(module)") }
    source.line()
    source.documentation(
      " Everything that the schemas describe, for reflection, routing and access.")
    source.block("public enum \(name)") { source in
      source.documentation(
        " Every file's serialized google.protobuf.FileDescriptorProto, dependencies first.")
      source.line("public static let all: [[UInt8]] = [")
      for entry in parameters.elsewhere { source.line("  \(Naming.fileType(entry)).descriptor,") }
      for file in request.files where !parameters.elsewhere.contains(file.name) {
        let isHere = !generated.contains(file.name)
        let type = Naming.fileType(file.name)
        source.line(isHere ? "  \(embeddedName(file))," : "  \(type).descriptor,")
      }
      source.line("]")
      source.line()
      source.documentation(" Full proto names of the services.")
      let names = services.map { literal($0.proto) }.joined(separator: ", ")
      source.line("public static let services: [String] = [\(names)]")
      source.line()
      source.documentation(" Every method of every service.")
      let lists = services.map { $0.swift + "Methods.all" }.joined(separator: ", ")
      source.line("public static let methods: [MethodDescriptor] = [")
      source.line("  \(lists)")
      source.line("].flatMap { (methods: [MethodDescriptor]) in methods }")
      for file in imported {
        source.line()
        FileGenerator.embed(
          file.serialized, as: "private static let \(embeddedName(file))", into: &source)
      }
    }
    return source.text
  }

  private func embeddedName(_ file: FileDescriptor) -> String {
    let type = Naming.fileType(file.name)
    return type.prefix(1).lowercased() + type.dropFirst()
  }
}
