using System.Collections.Concurrent;
using LifecycleManager.Cli.Hosting;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LifecycleManager.Architecture.Tests;

/// <summary>
/// What several threads change is copied under its own locks. LINQ's sorting and copying takes a collection's count first and
/// copies afterwards: a <see cref="ConcurrentDictionary{TKey, TValue}"/> that grows between the two throws.
/// </summary>
public sealed class ConcurrencyTests
{
    private const string Dictionary = "System.Collections.Concurrent.ConcurrentDictionary`2<";
    private const string Pair = "System.Collections.Generic.KeyValuePair`2<";

    /// <summary>What copies its source by its count.</summary>
    private static readonly HashSet<string> Copying = new(StringComparer.Ordinal)
    {
        "ToArray", "ToList", "OrderBy", "OrderByDescending", "Order", "OrderDescending", "Reverse", "Shuffle",
        "AddRange", ".ctor",
    };

    [Fact]
    public void A_concurrent_dictionary_is_not_copied_by_its_count()
    {
        var rooms = Path.GetDirectoryName(typeof(RoleHost).Assembly.Location)!;
        var looked = 0;
        var faults = new List<string>();
        foreach (var path in Directory.GetFiles(rooms, "*.dll").Where(IsOurs))
        {
            using var module = ModuleDefinition.ReadModule(path);
            foreach (var method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
            {
                var (known, copies) = Look(method);
                looked += known;
                faults.AddRange(copies.Select(copy =>
                    $"{method.FullName} copies by {copy}: call the dictionary's own ToArray first"));
            }
        }

        Assert.True(looked > 20, $"only {looked} uses were found");
        Assert.Empty(faults);
    }

    [Fact]
    public void The_kind_is_found()
    {
        using var module = ModuleDefinition.ReadModule(typeof(ConcurrencyTests).Assembly.Location);
        var samples = module.GetTypes().Single(type => type.Name == nameof(Samples)).Methods;
        Assert.Equal(
            [nameof(Samples.Sorted), nameof(Samples.Listed), nameof(Samples.Spread), nameof(Samples.Passed)],
            samples.Where(method => method.HasBody && Look(method).Copies.Count > 0).Select(method => method.Name));
    }

    /// <summary>How many concurrent dictionaries a method uses, and by what it copies one by its count.</summary>
    private static (int Known, IReadOnlyList<string> Copies) Look(MethodDefinition method)
    {
        var code = method.Body.Instructions;
        var pairs = PairsOf(code.Select(instruction => (instruction.Operand as FieldReference)?.FieldType)
            .Concat(method.Parameters.Select(parameter => parameter.ParameterType))
            .Concat(method.Body.Variables.Select(variable => variable.VariableType)));
        var calls = code.Where(instruction => instruction.OpCode.Code is Code.Call or Code.Callvirt or Code.Newobj)
            .Select(instruction => (MethodReference)instruction.Operand).ToList();
        var own = PairsOf(calls.Where(call => call.Name == "ToArray").Select(call => call.DeclaringType));
        return (pairs.Count, [.. calls
            .Where(call => Copying.Contains(call.Name) && ElementOf(call) is { } pair
                && pairs.Contains(pair) && !own.Contains(pair))
            .Select(call => call.Name)]);
    }

    /// <summary>What the concurrent dictionaries among types are sequences of.</summary>
    private static HashSet<string> PairsOf(IEnumerable<TypeReference?> types) => types
        .Select(type => type?.FullName ?? "").Where(type => type.StartsWith(Dictionary, StringComparison.Ordinal))
        .Select(type => Pair + type[Dictionary.Length..]).ToHashSet(StringComparer.Ordinal);

    private static string? ElementOf(MethodReference call) => call switch
    {
        GenericInstanceMethod generic when call.DeclaringType.FullName == "System.Linq.Enumerable" =>
            generic.GenericArguments[0].FullName,
        { DeclaringType: GenericInstanceType { ElementType.FullName: "System.Collections.Generic.List`1" } list }
            when call.Parameters.Count == 1 => list.GenericArguments[0].FullName,
        _ => null,
    };

    private static bool IsOurs(string path) => Path.GetFileName(path) is var name
        && (name == "lcm.dll" || name.StartsWith("LifecycleManager.", StringComparison.Ordinal))
        && !name.Contains("Test", StringComparison.Ordinal);

    /// <summary>Four that are faults, and two that are none.</summary>
    private sealed class Samples
    {
        private readonly ConcurrentDictionary<string, int> _counts = new();

        public IEnumerable<string> Sorted() => _counts.OrderBy(pair => pair.Value).Select(pair => pair.Key);

        public List<KeyValuePair<string, int>> Listed() => _counts.ToList();

        public List<KeyValuePair<string, int>> Spread() => [.. _counts];

        public static List<KeyValuePair<string, int>> Passed(ConcurrentDictionary<string, int> counts) => counts.ToList();

        public IEnumerable<string> OwnCopy() => _counts.ToArray().OrderBy(pair => pair.Value).Select(pair => pair.Key);

        public IEnumerable<string> Streamed() => _counts.Select(pair => pair.Key).Order(StringComparer.Ordinal);
    }
}
