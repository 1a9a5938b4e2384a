using System.Xml.Linq;

namespace LifecycleManager.Architecture.Tests;

/// <summary>A project is a room, and knows only the rooms that the table says: references point in one direction.</summary>
public sealed class RoomsTests
{
    private static readonly Dictionary<string, string[]> MayReference = new()
    {
        ["Primitives"] = [],
        ["Runtime"] = ["Primitives"],
        ["Protocol"] = ["Primitives"],
        ["Storage"] = ["Runtime", "Primitives"],
        ["Security"] = ["Protocol", "Runtime", "Primitives"],
        ["Clients"] = ["Protocol", "Runtime", "Primitives"],
        ["Discovery"] = ["Clients", "Protocol", "Runtime", "Primitives"],
        ["Agent"] = ["Clients", "Security", "Protocol", "Runtime", "Primitives"],
        ["Master"] = ["Security", "Storage", "Protocol", "Runtime", "Primitives"],
        ["Scheduler.Core"] = ["Protocol", "Primitives"],
        ["Scheduler"] = ["Scheduler.Core", "Clients", "Security", "Storage", "Protocol", "Runtime", "Primitives"],
        ["Metrics.Core"] = ["Primitives"],
        ["Metrics"] = ["Metrics.Core", "Discovery", "Clients", "Protocol", "Runtime", "Primitives"],
        ["Metrics.Kafka"] = ["Metrics", "Metrics.Core"],
        ["Rules"] = [],
        ["Decisions"] = ["Metrics.Core", "Rules", "Runtime", "Primitives"],
        ["Decisions.CSharp"] = ["Decisions", "Rules", "Runtime", "Primitives"],
        ["Clusters"] = ["Clients", "Runtime", "Primitives"],
        ["Scaling"] = ["Clusters", "Clients", "Protocol", "Runtime", "Primitives"],
        ["Manager"] = [
            "Scaling", "Decisions", "Decisions.CSharp", "Rules", "Metrics", "Clients", "Security", "Storage", "Protocol",
            "Runtime", "Primitives",
        ],
        ["Console"] = ["Clients", "Security", "Protocol", "Runtime", "Primitives"],
    };

    /// <summary>Composes all of them; nothing references it.</summary>
    private const string Composer = "Cli";

    [Fact]
    public void A_room_references_what_the_table_says()
    {
        var rooms = Directory.GetDirectories(Repository.Path("src"), "LifecycleManager.*").Select(Name).ToList();
        Assert.Equal(MayReference.Keys.Append(Composer).Order(StringComparer.Ordinal), rooms.Order(StringComparer.Ordinal));
        foreach (var room in rooms)
        {
            var references = References(room);
            Assert.DoesNotContain(Composer, references);
            if (room != Composer)
                Assert.True(!references.Except(MayReference[room])
                    .Any(), $"{room} references {string.Join(", ", references.Except(MayReference[room]))}");
        }
    }

    [Fact]
    public void A_library_that_is_large_or_native_is_of_one_room()
    {
        Dictionary<string, string> rooms = new()
        {
            ["Confluent.Kafka"] = "Metrics.Kafka",
            ["StackExchange.Redis"] = "Metrics",
            ["Microsoft.CodeAnalysis.CSharp"] = "Decisions.CSharp",
            ["Microsoft.Data.Sqlite"] = "Storage",
            ["Docker.DotNet.Enhanced"] = "Agent",
            ["MudBlazor"] = "Console",
        };
        var all = MayReference.Keys.Append(Composer).SelectMany(room => Included(room, "PackageReference").Select(
            package => (package, room))).Where(one => rooms.ContainsKey(one.package));
        Assert.Equal(rooms.Select(one => (one.Key, one.Value)).Order(), all.Order());

        // A role names the room that brings it; the collector knows the seam alone.
        Assert.Equal([Composer], MayReference.Keys.Append(Composer).Where(room => References(room).Contains("Metrics.Kafka")));
    }

    [Fact]
    public void No_agent_carries_a_database()
    {
        var seen = new HashSet<string>();
        var open = new Stack<string>(["Agent"]);
        while (open.TryPop(out var room))
        {
            if (!seen.Add(room)) continue;
            foreach (var next in References(room)) open.Push(next);
        }

        Assert.DoesNotContain("Storage", seen);
    }

    private static string Name(string path) => Path.GetFileNameWithoutExtension(path + ".x")["LifecycleManager.".Length..];

    private static List<string> References(string room) =>
    [
        .. Included(room, "ProjectReference").Where(path => path.Contains("/LifecycleManager.", StringComparison.Ordinal))
            .Select(path => Path.GetFileNameWithoutExtension(path)["LifecycleManager.".Length..]),
    ];

    private static IEnumerable<string> Included(string room, string element) =>
        XDocument.Load(Repository.Path($"src/LifecycleManager.{room}/LifecycleManager.{room}.csproj")).Descendants(element)
            .Select(reference => (string)reference.Attribute("Include")!);
}
