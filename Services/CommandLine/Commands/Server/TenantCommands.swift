import API

/// `assay tenant …` and `assay user …`: who is there.
enum TenantCommands {
  static let all = [create, list, domains, createUser, listUsers]

  static let create = Command(
    "tenant create", "Create a tenant, an organisation of its own (operators only)",
    arguments: [
      Argument("NAME", "its id everywhere: a letter, then 1 to 39 letters, digits or hyphens")
    ],
    options: [
      Option("display-name", "TEXT", "the name that people read"),
      Option("country", "CODE", "two letters (ISO 3166-1), for the bill"),
      Option("vat-id", "ID", "VAT number, for the bill"),
      Option(
        "domain", "DOMAIN", "mail domain that its owners may create users of", repeats: true),
    ],
    examples: [
      "assay tenant create clinic --display-name \"St. Mary's Clinic\" --domain clinic.example"
    ]
  ) { call in
    let arguments = call.arguments
    let tenant = try await call.session.identity.createTenant(
      IdentityCreateTenantRequest(
        name: arguments.argument("NAME"), displayName: arguments.text("display-name"),
        country: arguments.text("country"), vatId: arguments.text("vat-id"),
        emailDomains: arguments.list("domain")),
      options: call.session.callOptions)
    return Answer(tenant, text: "tenant \(tenant.name) created")
  }

  static let domains = Command(
    "tenant domains", "Set the mail domains that a tenant's owners may create users of (operators)",
    arguments: [Argument("NAME", "the tenant")],
    options: [
      Option("domain", "DOMAIN", "one of them; without any, only operators create", repeats: true)
    ],
    examples: ["assay tenant domains clinic --domain clinic.example --domain clinic.org"]
  ) { call in
    let tenant = try await call.session.identity.setEmailDomains(
      IdentitySetEmailDomainsRequest(
        tenant: call.arguments.argument("NAME"), emailDomains: call.arguments.list("domain")),
      options: call.session.callOptions)
    let list = tenant.emailDomains.joined(separator: ", ")
    return Answer(tenant, text: "\(tenant.name): \(list.isEmpty ? "no mail domain" : list)")
  }

  static let list = Command(
    "tenant list", "List all tenants (operators only)", examples: ["assay tenant list"]
  ) { call in
    let tenants = try await Pages.all { token in
      let page = try await call.session.identity.listTenants(
        IdentityListTenantsRequest(pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.tenants, page.nextPageToken)
    }
    let table = Table(["name", "display name", "country", "VAT id", "created"], tenants) {
      [$0.name, $0.displayName, $0.country, $0.vatId, UTCTime.text($0.createTime)]
    }
    return Answer(IdentityListTenantsResponse(tenants: tenants), table, none: "no tenants")
  }

  static let createUser = Command(
    "user create", "Create a user of a tenant (operators and owners)",
    arguments: [Argument("EMAIL", "the address that invites go to")],
    options: [
      Option("tenant", "NAME", "the tenant; operators name any, everybody else their own"),
      Option("name", "TEXT", "the name that people read"),
      Option(
        "role", "ROLE", "what the user may do: owner, organiser, participant, billing, viewer",
        required: true, repeats: true),
    ],
    examples: ["assay user create ana@clinic.example --tenant clinic --role organiser,billing"]
  ) { call in
    let arguments = call.arguments
    let user = try await call.session.identity.createUser(
      IdentityCreateUserRequest(
        tenant: arguments.text("tenant"), email: arguments.argument("EMAIL"),
        displayName: arguments.text("name"), roles: try arguments.choices("role")),
      options: call.session.callOptions)
    return Answer(user, text: "user \(user.email) of \(user.tenant) created (\(user.id))")
  }

  static let listUsers = Command(
    "user list", "List a tenant's users (operators and owners)",
    options: [Option("tenant", "NAME", "the tenant; your own unless you are an operator")],
    examples: ["assay user list --tenant clinic"]
  ) { call in
    let users = try await Pages.all { token in
      let page = try await call.session.identity.listUsers(
        IdentityListUsersRequest(
          tenant: call.arguments.text("tenant"), pageSize: Pages.size, pageToken: token),
        options: call.session.callOptions)
      return (page.users, page.nextPageToken)
    }
    let table = Table(["id", "tenant", "e-mail", "name", "roles", "created"], users) {
      [
        $0.id, $0.tenant, $0.email, $0.displayName, roleNames($0.roles),
        UTCTime.text($0.createTime),
      ]
    }
    return Answer(IdentityListUsersResponse(users: users), table, none: "no users")
  }
}

/// Roles as one cell of a table.
func roleNames(_ roles: [IdentityRole]) -> String {
  roles.map(EnumName.text).joined(separator: ", ")
}
