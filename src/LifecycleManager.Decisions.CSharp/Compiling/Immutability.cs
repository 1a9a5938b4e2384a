using Microsoft.CodeAnalysis;

namespace LifecycleManager.Decisions.CSharp.Compiling;

/// <summary>Which types have values that never change.</summary>
/// <param name="assembly">The rules' own assembly, whose types are looked into.</param>
internal sealed class Immutability(IAssemblySymbol assembly)
{
    private static readonly HashSet<string> Known =
    [
        "System.TimeSpan", "System.DateTimeOffset", "System.DateOnly", "System.TimeOnly", "System.Guid", "System.Version",
        "System.Uri", "System.Index", "System.Range", "System.TimeZoneInfo", "System.Text.RegularExpressions.Regex",
        "System.Numerics.BigInteger", "System.Int128", "System.UInt128", "System.Half",
    ];

    private readonly Dictionary<ITypeSymbol, bool> _own = new(SymbolEqualityComparer.Default);

    /// <summary>Whether no value of the type can be changed once it is made.</summary>
    public bool Holds(ITypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum) return true;
        if (type.SpecialType is (>= SpecialType.System_Boolean and <= SpecialType.System_String) or SpecialType.System_DateTime)
            return true;
        if (type is not INamedTypeSymbol named) return false;
        if (named.IsTupleType || named.OriginalDefinition.SpecialType == SpecialType.System_Nullable_T) return Arguments(named);
        if (Known.Contains(named.ToDisplayString())) return true;
        if (named.ContainingNamespace?.ToDisplayString() is "System.Collections.Immutable" or "System.Collections.Frozen")
            return !named.Name.Contains("Builder", StringComparison.Ordinal) && Arguments(named);
        return SymbolEqualityComparer.Default.Equals(named.ContainingAssembly, assembly) && Own(named);
    }

    private bool Arguments(INamedTypeSymbol type) => type.TypeArguments.All(Holds);

    /// <summary>A type that is closed, and has nothing but such values itself.</summary>
    private bool Own(INamedTypeSymbol type)
    {
        if (_own.TryGetValue(type, out var known)) return known;
        _own[type] = true;
        return _own[type] = (type.IsValueType || type.IsSealed) && type.TypeKind is TypeKind.Class or TypeKind.Struct
            && type.BaseType is { SpecialType: SpecialType.System_Object or SpecialType.System_ValueType }
            && type.GetMembers().OfType<IFieldSymbol>().Where(field => !field.IsStatic)
                .All(field => field.IsReadOnly && Holds(field.Type));
    }
}
