using System.Text.Json.Nodes;
using LifecycleManager.Console.Components;

namespace LifecycleManager.Console.Tests.Components;

public sealed class DraftTests
{
    [Fact]
    public void A_field_changes_what_it_shows_and_nothing_else()
    {
        var draft = Of("""
            {"id": "/a", "cpus": 1.0, "unknown": {"x": [1, null]}, "container": {"type": "DOCKER", "volumes": []}}
            """);

        draft.Type(["cpus"], FieldKind.Number, "0.25");
        draft.Type(["container", "docker", "image"], FieldKind.Text, "busybox");
        draft.Type(["upgradeStrategy", "maximumOverCapacity"], FieldKind.Number, "0.5");

        Assert.Equal("0.25", draft.Root["cpus"]!.ToJsonString());
        Assert.Equal("""{"x":[1,null]}""", draft.Root["unknown"]!.ToJsonString());
        Assert.Equal("""{"type":"DOCKER","volumes":[],"docker":{"image":"busybox"}}""", draft.Root["container"]!.ToJsonString());
        Assert.Equal("""{"maximumOverCapacity":0.5}""", draft.Root["upgradeStrategy"]!.ToJsonString());

        // Nothing takes it out, with the objects that have nothing else.
        draft.Type(["container", "docker", "image"], FieldKind.Text, " ");
        draft.Type(["upgradeStrategy", "maximumOverCapacity"], FieldKind.Number, "");
        Assert.Equal("""
            {"id":"/a","cpus":0.25,"unknown":{"x":[1,null]},"container":{"type":"DOCKER","volumes":[]}}
            """.Trim(), draft.Root.ToJsonString());
    }

    [Theory]
    [InlineData("1.5", FieldKind.Count)]
    [InlineData("many", FieldKind.Count)]
    [InlineData("1,5", FieldKind.Number)]
    [InlineData("NaN", FieldKind.Number)]
    [InlineData("99999999999", FieldKind.Count)]
    public void What_is_no_value_stays_typed_and_is_not_taken(string typed, FieldKind kind)
    {
        var draft = Of("""{"instances": 3}""");

        draft.Type(["instances"], kind, typed);

        Assert.Equal(typed, draft.Text(["instances"]));
        Assert.Contains(typed, draft.WrongAt(["instances"]), StringComparison.Ordinal);
        Assert.Equal(("/instances", 3), (Assert.Single(draft.Wrong).Pointer, (int)draft.Root["instances"]!));
        draft.Type(["instances"], kind, "4");
        Assert.Empty(draft.Wrong);
        Assert.Equal("4", draft.Root["instances"]!.ToJsonString());
    }

    [Fact]
    public void Lines_are_added_changed_and_taken_out_with_what_was_wrong_in_them()
    {
        var draft = Of("{}");

        draft.List(["ports"]).Add(new JsonObject { ["port"] = 1 });
        draft.List(["ports"]).Add(new JsonObject { ["port"] = 2, ["labels"] = new JsonObject { ["a/b"] = "x" } });
        draft.Type(["ports", "1", "port"], FieldKind.Count, "80");
        draft.Type(["ports", "0", "port"], FieldKind.Count, "x");
        Assert.Equal("80", draft.Text(["ports", "1", "port"]));
        draft.Forgive(["ports"]);
        draft.List(["ports"]).RemoveAt(0);

        Assert.Equal("""{"ports":[{"port":80,"labels":{"a/b":"x"}}]}""", draft.Root.ToJsonString());
        Assert.Empty(draft.Wrong);
        Assert.Equal("", draft.Text(["ports", "7", "port"]));
    }

    private static Draft Of(string json) => new((JsonObject)JsonNode.Parse(json)!);
}
