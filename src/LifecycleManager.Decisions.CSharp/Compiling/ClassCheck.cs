using LifecycleManager.Rules;
using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>Finds the rule classes of an assembly, and what keeps them from being in force.</summary>
/// <param name="assembly">The assembly: of sources, or as it is.</param>
/// <param name="file">The place of all that has none of its own.</param>
/// <param name="problems">Gets what is wrong.</param>
internal sealed class ClassCheck(IAssemblySymbol assembly, RulePlace file, List<RuleProblem> problems)
{
    private const string RuleType = "NRules.Fluent.Dsl.Rule";
    private const int MaxIds = 100;

    private readonly Immutability _immutability = new(assembly);

    /// <summary>The rule classes.</summary>
    public List<FoundClass> Found { get; } = [];

    /// <summary>Looks at all types.</summary>
    public void Run() => Look(assembly.GlobalNamespace);

    private void Look(INamespaceOrTypeSymbol within)
    {
        foreach (var member in within.GetMembers())
        {
            // What a compiler makes up is no state of the author's.
            if (member is not INamespaceOrTypeSymbol inner || member.Name.StartsWith('<')) continue;
            if (inner is INamedTypeSymbol type) Look(type);
            Look(inner);
        }
    }

    private void Look(INamedTypeSymbol type)
    {
        var isRule = IsRule(type);
        LookAtState(type, isRule);
        var named = type.GetAttributes()
            .Where(attribute => attribute.AttributeClass?.ToDisplayString() == typeof(AppsAttribute).FullName).ToList();
        if (!isRule || type.IsAbstract)
        {
            if (named.Count > 0) Tell(type, $"{type.Name} names apps, and is no class that derives from Rule", "apps");
            return;
        }

        LookAtApps(type, named);
        if (type.IsGenericType || type.ContainingType is { IsGenericType: true })
            Tell(type, $"the rule class {type.Name} is generic", "generic");
        if (!type.InstanceConstructors.Any(made => made.Parameters.IsEmpty && made.DeclaredAccessibility == Accessibility.Public))
            Tell(type, $"the rule class {type.Name} has no public constructor without parameters", "constructor");
        Found.Add(new FoundClass(assembly.Name, FullName(type), Place(type)));
    }

    private void LookAtApps(INamedTypeSymbol type, List<AttributeData> named)
    {
        var ids = named.SelectMany(attribute => attribute.ConstructorArguments is [{ IsNull: false } argument]
            ? argument.Values : []).Select(value => value.Value as string ?? "").ToList();
        if (ids.Count == 0) Tell(type, $"the rule class {type.Name} names no apps: [Apps(\"/shop/web\")]", "apps");
        if (ids.Count > MaxIds) Tell(type, $"the rule class {type.Name} has {ids.Count} ids, more than {MaxIds}", "apps");
        foreach (var id in ids.Where(id => !id.StartsWith('/') && !id.StartsWith('*')))
            Tell(type, $"'{id}' is no absolute id of an app, and no glob of such", "apps");
        var groups = named.SelectMany(attribute => attribute.NamedArguments)
            .Where(argument => argument.Key == nameof(AppsAttribute.Group)).Select(argument => argument.Value.Value as string);
        foreach (var twice in groups.GroupBy(name => name).Where(name => name.Count() > 1))
            Tell(type, $"the rule class {type.Name} has two groups '{twice.Key}'", "apps");
    }

    /// <summary>
    /// A rule is made once and asked for ever, by any thread: what its class, or anything static, remembers would make
    /// decisions depend on what was decided before.
    /// </summary>
    private void LookAtState(INamedTypeSymbol type, bool isRule)
    {
        foreach (var happening in type.GetMembers().OfType<IEventSymbol>().Where(other => other.IsStatic || isRule))
            Tell(happening, $"{type.Name}.{happening.Name} is state: rules are functions of their facts", "state");
        foreach (var field in type.GetMembers().OfType<IFieldSymbol>())
        {
            if (field.IsConst || !(field.IsStatic || isRule) || (type.TypeKind == TypeKind.Enum)) continue;
            if (field.IsReadOnly && _immutability.Holds(field.Type)) continue;
            var name = (field.AssociatedSymbol ?? field).Name;
            if (name.StartsWith('<') && name.IndexOf('>', StringComparison.Ordinal) is > 1 and var end) name = name[1..end];
            Tell(field.AssociatedSymbol ?? field, field.IsReadOnly
                ? $"{type.Name}.{name} can be changed: a {field.Type.ToDisplayString()} is not immutable"
                : $"{type.Name}.{name} is state: rules are functions of their facts", "state");
        }
    }

    private static bool IsRule(INamedTypeSymbol type)
    {
        for (var other = type.BaseType; other is not null; other = other.BaseType)
        {
            if (other.ToDisplayString() == RuleType) return true;
        }

        return false;
    }

    private static string FullName(INamedTypeSymbol type) =>
        type.ContainingType is { } outer ? $"{FullName(outer)}+{type.MetadataName}"
        : type.ContainingNamespace is { IsGlobalNamespace: false } space ? $"{space.ToDisplayString()}.{type.MetadataName}"
        : type.MetadataName;

    private void Tell(ISymbol symbol, string message, string code) => problems.Add(new RuleProblem(Place(symbol), message, code));

    private RulePlace Place(ISymbol symbol) => symbol.Locations is [{ IsInSource: true } place, ..] ? place.Place() : file;
}
