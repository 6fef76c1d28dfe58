/// Every type of a request by full proto name with a leading dot, and what each is in Swift.
///
/// All names that generated code declares outside of other types are given out here, once, so that
/// no two are the same: messages, enums, what belongs to services, and the files' own enums.
struct TypeTable {
  struct MessageType {
    let swiftName: String
    let descriptor: MessageDescriptor
    /// The file that declares it, and that file's syntax.
    let file: String
    let syntax: String
  }

  struct EnumType {
    let swiftName: String
    let descriptor: EnumDescriptor
  }

  private(set) var messages: [String: MessageType] = [:]
  private(set) var enums: [String: EnumType] = [:]
  /// The common part of the names that a service's types have.
  private(set) var services: [String: String] = [:]
  /// Each file's own enum, by the file's path.
  private(set) var fileTypes: [String: String] = [:]
  private var taken: Set<String> = []
  /// The top-level names that each file declares or can see.
  private var visible: [String: Set<String>] = [:]

  init(_ files: [FileDescriptor]) {
    for file in files { addTopLevel(file) }
    for file in files {
      for message in file.messages { addNested(in: message, scope: Self.scope(of: file), file) }
    }
  }

  static func scope(of file: FileDescriptor) -> String {
    file.package.isEmpty ? "" : "." + file.package
  }

  // MARK: Top level

  private mutating func addTopLevel(_ file: FileDescriptor) {
    let (scope, prefix) = (Self.scope(of: file), Naming.prefix(of: file))
    // protoc lists imported files first.
    var names = file.dependencies.reduce(into: Set<String>()) { $0.formUnion(visible[$1] ?? []) }
    for message in file.messages {
      let name = unique(Naming.topLevelType(prefix + message.name, suffix: "Message"))
      names.insert(name)
      messages[scope + "." + message.name] = MessageType(
        swiftName: name, descriptor: message, file: file.name, syntax: file.syntax)
    }
    for entry in file.enums {
      let name = unique(Naming.topLevelType(prefix + entry.name, suffix: "Enum"))
      names.insert(name)
      enums[scope + "." + entry.name] = EnumType(swiftName: name, descriptor: entry)
    }
    for service in file.services {
      var name = Naming.identifier(prefix + service.name)
      while ServiceGenerator.typeNames(name).contains(where: taken.contains) { name += "_" }
      taken.formUnion(ServiceGenerator.typeNames(name))
      services[scope + "." + service.name] = name
    }
    fileTypes[file.name] = unique(Naming.fileType(file.name))
    visible[file.name] = names
  }

  private mutating func unique(_ name: String) -> String {
    var name = name
    while !taken.insert(name).inserted { name += "_" }
    return name
  }

  // MARK: Nested

  /// A nested type may not hide a type of the top level that the code around it mentions, nor have
  /// the name of another in the same message.
  private mutating func addNested(
    in message: MessageDescriptor, scope: String, _ file: FileDescriptor
  ) {
    let outer = scope + "." + message.name
    guard let swiftScope = messages[outer]?.swiftName else { return }
    var siblings = visible[file.name] ?? []
    func name(_ name: String, suffix: String) -> String {
      var name = Naming.nestedType(name, suffix: suffix)
      if siblings.contains(name) { name += suffix }
      while !siblings.insert(name).inserted { name += "_" }
      return swiftScope + "." + name
    }
    for nested in message.messages where !nested.isMapEntry {
      messages[outer + "." + nested.name] = MessageType(
        swiftName: name(nested.name, suffix: "Message"), descriptor: nested, file: file.name,
        syntax: file.syntax)
    }
    for entry in message.messages where entry.isMapEntry {
      messages[outer + "." + entry.name] = MessageType(
        swiftName: "", descriptor: entry, file: file.name, syntax: file.syntax)
    }
    for nested in message.enums {
      enums[outer + "." + nested.name] = EnumType(
        swiftName: name(nested.name, suffix: "Enum"), descriptor: nested)
    }
    for nested in message.messages where !nested.isMapEntry {
      addNested(in: nested, scope: outer, file)
    }
  }

  /// Swift names, without what they are nested in, of the types that `message` declares.
  func namesNested(in message: MessageDescriptor, fullName: String) -> Set<String> {
    let types =
      message.messages.filter { !$0.isMapEntry }
      .compactMap { messages[fullName + "." + $0.name]?.swiftName }
      + message.enums.compactMap { enums[fullName + "." + $0.name]?.swiftName }
    return Set(types.map(Naming.simple))
  }

  // MARK: Questions

  /// Whether a value of `message` can contain one of `target` without an array or map between,
  /// so that a plain struct would be infinitely large.
  func contains(_ message: String, _ target: String) -> Bool {
    var seen: Set<String> = []
    var pending = [message]
    while let name = pending.popLast() {
      if name == target { return true }
      guard seen.insert(name).inserted, let type = messages[name] else { continue }
      for field in type.descriptor.fields where field.type == .message && !field.isRepeated {
        pending.append(field.typeName)
      }
    }
    return false
  }
}
