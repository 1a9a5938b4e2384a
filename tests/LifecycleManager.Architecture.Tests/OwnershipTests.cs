using LifecycleManager.Cli.Hosting;
using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LifecycleManager.Architecture.Tests;

/// <summary>
/// State has one owner: a field is used in three files at most, and a property is set in one file beside its own. What is public
/// is not looked at: options and wire contracts are set by whoever makes them.
/// </summary>
public sealed class OwnershipTests
{
    private const int MaxFilesOfField = 3;
    private const int MaxFilesOfSetter = 2;

    /// <summary>How many fields of a room are still used from more files. Numbers only get smaller.</summary>
    private static readonly Dictionary<string, int> KnownFields = new()
    {
        ["Decisions"] = 5,
    };

    /// <summary>How many properties of a room are still set from more files. Numbers only get smaller.</summary>
    private static readonly Dictionary<string, int> KnownProperties = new()
    {
        ["Decisions"] = 1,
        ["Metrics"] = 3,
        ["Manager"] = 1,
        // What is left of an agent's resources, on the copy that a round of placement counts down.
        ["Scheduler.Core"] = 4,
    };

    [Fact]
    public void A_field_is_used_in_few_files() => AssertFew(
        MaxFilesOfField, KnownFields, Uses(instruction =>
            instruction.Operand is FieldReference field && field.Resolve() is { IsStatic: false } known
                ? (known.DeclaringType, known.Name) : null));

    [Fact]
    public void A_property_is_set_in_one_file_beside_its_own() => AssertFew(
        MaxFilesOfSetter, KnownProperties, Uses(instruction =>
            instruction.Operand is MethodReference method && method.Name.StartsWith("set_", StringComparison.Ordinal)
            && method.Resolve() is { IsStatic: false, DeclaringType.IsPublic: false } setter && !IsInit(setter)
                ? (setter.DeclaringType, setter.Name["set_".Length..]) : null));

    private static void AssertFew(int most, Dictionary<string, int> known,
        Dictionary<(string Room, string Member), HashSet<string>> uses)
    {
        var wide = uses.Where(use => use.Value.Count > most).ToLookup(use => use.Key.Room, StringComparer.Ordinal);
        Assert.All(wide, room => Assert.True(
            room.Count() <= known.GetValueOrDefault(room.Key),
            $"{room.Key} has {room.Count()}; known are {known.GetValueOrDefault(room.Key)}:\n"
            + string.Join("\n", room.Select(use => $"{use.Key.Member} in {string.Join(", ", use.Value)}"))));
        Assert.All(known.Keys, room => Assert.True(wide.Contains(room), $"{room} has none: take it off the list"));
    }

    /// <summary>The files in which each member of a room is used.</summary>
    private static Dictionary<(string Room, string Member), HashSet<string>> Uses(
        Func<Instruction, (TypeDefinition Type, string Name)?> memberOf)
    {
        var uses = new Dictionary<(string, string), HashSet<string>>();
        var rooms = Path.GetDirectoryName(typeof(RoleHost).Assembly.Location)!;
        using var resolver = new DefaultAssemblyResolver();
        resolver.AddSearchDirectory(rooms);
        var reading = new ReaderParameters { AssemblyResolver = resolver, ReadSymbols = true };
        foreach (var path in Directory.GetFiles(rooms, "*.dll").Where(IsRoom))
        {
            using var module = ModuleDefinition.ReadModule(path, reading);
            foreach (var method in module.GetTypes().SelectMany(type => type.Methods).Where(method => method.HasBody))
                AddUses(method, memberOf, uses);
        }

        return uses;
    }

    private static void AddUses(
        MethodDefinition method, Func<Instruction, (TypeDefinition Type, string Name)?> memberOf,
        Dictionary<(string, string), HashSet<string>> uses)
    {
        var file = "";
        foreach (var instruction in method.Body.Instructions)
        {
            if (method.DebugInformation.GetSequencePoint(instruction) is { } point) file = Path.GetFileName(point.Document.Url);

            // What generators write has no owner.
            if (file.Length == 0 || file.EndsWith(".g.cs", StringComparison.Ordinal)) continue;
            if (memberOf(instruction) is not var (type, name) || RoomOf(type.Module) is not { } room) continue;
            var key = (room, $"{type.FullName}.{name}");
            if (!uses.TryGetValue(key, out var files)) uses[key] = files = new HashSet<string>(StringComparer.Ordinal);
            files.Add(file);
        }
    }

    private static bool IsRoom(string path) => Path.GetFileName(path) is var name
        && (name == "lcm.dll" || name.StartsWith("LifecycleManager.", StringComparison.Ordinal))
        && !name.Contains("Test", StringComparison.Ordinal);

    private static string? RoomOf(ModuleDefinition module) => module.Name == "lcm.dll" ? "Cli"
        : IsRoom(module.Name) ? Path.GetFileNameWithoutExtension(module.Name)["LifecycleManager.".Length..] : null;

    private static bool IsInit(MethodDefinition setter) =>
        setter.ReturnType is RequiredModifierType { ModifierType.Name: "IsExternalInit" };
}
