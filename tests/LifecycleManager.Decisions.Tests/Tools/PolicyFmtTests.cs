using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tools;

namespace LifecycleManager.Decisions.Tests.Tools;

public sealed class PolicyFmtTests
{
    [Fact]
    public void Keys_comments_and_braces_go_to_their_places()
    {
        const string Messy = """
            # The search service.


            rules:
                - when: "tpm > 10 * instances"   # too many
                  # thirty seconds
                  for:   30s
                  rule: too many
                  then:
                    add: 1
            # its name
            policy:   search
            instances: {max: 10,min: 1}
            metrics:

              tpm:
                # the sum
                actuator: gauge.servo.tpm
                across: sum
            app: '/a'
            # the end
            """;
        Assert.Equal("""
            # its name
            policy: search
            app: '/a'
            instances: { max: 10, min: 1 }
            metrics:
              # the sum
              tpm: { actuator: gauge.servo.tpm, across: sum }
            # The search service.
            rules:
              - rule: too many
                when: 'tpm > 10 * instances' # too many
                # thirty seconds
                for: 30s
                then: { add: 1 }
            # the end

            """, PolicyFmt.Format(Messy));
    }

    [Fact]
    public void Formatting_twice_changes_nothing_more_and_never_the_meaning()
    {
        foreach (var file in PolicyDirectory.Find(Path.Combine(AppContext.BaseDirectory, "rules")))
        {
            var text = File.ReadAllText(file);
            var once = PolicyFmt.Format(text);
            Assert.Equal(once, PolicyFmt.Format(once));
            Assert.Empty(PolicyParser.Parse(file, once).Problems);
            Assert.Equal(text.Count(c => c == '#'), once.Count(c => c == '#'));
        }
    }

    [Fact]
    public void Run_tells_what_would_change_and_then_changes_it()
    {
        var directory = Directory.CreateTempSubdirectory("fmt").FullName;
        try
        {
            var file = Path.Combine(directory, "a.yml");
            File.WriteAllText(file,
                "app: /a\npolicy: a\ninstances: {max: 2}\nrules: []\n---\nrules: []\npolicy: b\napp: /b\ninstances: { max: 2 }\n");
            var output = new StringWriter();
            Assert.Equal(1, PolicyFmt.Run([directory], check: true, output, TextWriter.Null));
            Assert.Equal(file, output.ToString().Trim());
            Assert.Equal(0, PolicyFmt.Run([directory], check: false, TextWriter.Null, TextWriter.Null));
            Assert.Equal(0, PolicyFmt.Run([directory], check: true, TextWriter.Null, TextWriter.Null));
            Assert.Equal(
                "policy: a\napp: /a\ninstances: { max: 2 }\nrules: []\n---\npolicy: b\napp: /b\ninstances: { max: 2 }\nrules: []\n", File.ReadAllText(file));
            File.WriteAllText(file, "a: [");
            Assert.Equal(2, PolicyFmt.Run([file], check: false, TextWriter.Null, TextWriter.Null));
            Assert.Equal("a: [", File.ReadAllText(file));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
