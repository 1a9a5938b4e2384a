using System.Reflection;
using System.Text;
using System.Text.Json.Serialization.Metadata;
using LifecycleManager.Protocol.Marathon;
using LifecycleManager.Scheduler.Core.Definitions.Json;

namespace LifecycleManager.Scheduler.Core.Tests.Definitions.Json;

/// <summary>Values that are some names are taken in any letter case, wherever they stand.</summary>
public sealed class EnumerationsTests
{
    // By what the fields of definitions that are enumerations are called.
    private static readonly string[] Called =
        ["protocol", "ipProtocol", "mode", "kind", "type", "killSelection", "scheme", "network", "operator"];

    [Fact]
    public void Each_name_is_read_in_any_case_and_shown_in_one()
    {
        foreach (var ((type, field), names) in Enumerations.All)
        {
            foreach (var name in names)
            {
                foreach (var sent in new[] { name, name.ToUpperInvariant(), name.ToLowerInvariant(), Mixed(name) })
                    Assert.Equal(name, Read(type, field, sent));
            }

            Assert.Equal("Something else", Read(type, field, "Something else"));
        }
    }

    [Fact]
    public void Every_field_of_a_definition_that_is_one_is_known_as_one()
    {
        var found = Reached(typeof(App)).Concat(Reached(typeof(Pod))).Distinct()
            .SelectMany(type => MarathonJson.Default.GetTypeInfo(type)!.Properties
                .Where(property => property.PropertyType == typeof(string) && Called.Contains(property.Name))
                .Select(property => (type, property.Name)));
        Assert.DoesNotContain(found, field => !Enumerations.All.ContainsKey(field));
    }

    private static string Mixed(string name) => string.Concat(name.Select((letter, index) =>
        index % 2 == 0 ? char.ToUpperInvariant(letter) : char.ToLowerInvariant(letter)));

    private static string? Read(Type type, string field, string value)
    {
        var read = typeof(WireJson).GetMethod(nameof(WireJson.Read))!.MakeGenericMethod(type);
        ReadOnlyMemory<byte> body = Encoding.UTF8.GetBytes($"{{\"{field}\":\"{value}\"}}");
        var result = read.Invoke(
            null, BindingFlags.DoNotWrapExceptions, null, [body, MarathonJson.Default.GetTypeInfo(type)!], null);
        return (string?)type.GetProperties().Single(property =>
            property.Name.Equals(field, StringComparison.OrdinalIgnoreCase)).GetValue(result);
    }

    /// <summary>The types that a definition is made of, without what only answers have.</summary>
    private static HashSet<Type> Reached(Type root)
    {
        var found = new HashSet<Type>();
        Add(root);
        return found;

        void Add(Type type)
        {
            var info = MarathonJson.Default.GetTypeInfo(Nullable.GetUnderlyingType(type) ?? type);
            if (info?.ElementType is { } element) Add(element);
            if (info is not { Kind: JsonTypeInfoKind.Object } || !found.Add(type)) return;
            foreach (var property in info.Properties)
                if (!FieldNotes.IsOfAnswers(type, property.Name)) Add(property.PropertyType);
        }
    }
}
