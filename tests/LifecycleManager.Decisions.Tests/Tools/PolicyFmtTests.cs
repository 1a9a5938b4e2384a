using LifecycleManager.Decisions.Policies;
using LifecycleManager.Decisions.Tests.Coordinations;
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
    public void Text_over_several_lines_and_comments_keep_their_shape()
    {
        const string Messy = """
            policy:   p
            app: /a
            description: >-
                  what it is,
                  and why

                  and since when
            # A list in a comment:
            #   - one
            #   - two
            instances: { min: 1, max: 2 }
            metrics:
              #  cpu: { container: cpu }
              rps:
                promql: |
                    sum(
                      rate(a[1m])   # no comment of YAML
                    )
                across: sum
            rules:
              - rule: r
                when: >
                  rps > 10
                  and instances < 2

                then: { add: 1 }
            """;
        const string Formatted = """
            policy: p
            description: >-
              what it is,
              and why

              and since when
            app: /a
            # A list in a comment:
            #   - one
            #   - two
            instances: { min: 1, max: 2 }
            metrics:
              #  cpu: { container: cpu }
              rps:
                promql: |
                  sum(
                    rate(a[1m])   # no comment of YAML
                  )
                across: sum
            rules:
              - rule: r
                when: >
                  rps > 10
                  and instances < 2

                then: { add: 1 }

            """;
        Assert.Equal(Formatted, PolicyFmt.Format(Messy));
        Assert.Equal(Formatted, PolicyFmt.Format(Formatted));
    }

    [Theory]
    [InlineData("|", "a\n  b\n")]
    [InlineData("|-", "a\n  b")]
    [InlineData("|+", "a\n  b\n\n")]
    [InlineData(">", "a\n\n  b\n")]
    [InlineData("|2", " a\n  b\n")]
    public void Each_kind_of_such_text_says_the_same_afterwards(string header, string content)
    {
        var text = $"policy: p\ndescription: {header}\n"
            + string.Concat(content.Split('\n').Select(line => (line.Length == 0 ? "" : "  " + line) + "\n")) + "app: /a\n";
        var formatted = PolicyFmt.Format(text);
        Assert.Equal(formatted, PolicyFmt.Format(formatted));
        if (!header.EndsWith('2')) Assert.Contains($"description: {header}\n  a\n", formatted, StringComparison.Ordinal);
    }

    [Fact]
    public void All_rules_of_the_repository_have_the_form()
    {
        using var output = new StringWriter();
        Assert.Equal(0, PolicyFmt.Run([Path.Combine(AppContext.BaseDirectory, "rules")], check: true, output, output));
        Assert.Equal("", output.ToString());
    }

    [Fact]
    public void Schedules_have_their_keys_in_one_order_and_a_line_each()
    {
        const string Messy = """
            # jobs
            schedules:
            # of the night
            - {name: a, instances: 20, cron: '0 0 1 * * ?', app: /a}
            - misfire: skip
              once: 2026-12-24T18:00 # Christmas
              metrics: {q: {redis: x}}
              name: b
              app: /b
              until: "q == 0"
              days: {except: [x.ics, 12-25]}
              for: 1h
              min: 1
            """;
        const string Tidy = """
            # jobs
            schedules:
              # of the night
              - name: a
                app: /a
                cron: '0 0 1 * * ?'
                instances: 20
              - name: b
                app: /b
                once: 2026-12-24T18:00 # Christmas
                days: { except: [ x.ics, 12-25 ] }
                min: 1
                metrics: { q: { redis: x } }
                until: 'q == 0'
                for: 1h
                misfire: skip

            """;
        Assert.Equal(Tidy, PolicyFmt.Format(Messy));
        Assert.Equal(Tidy, PolicyFmt.Format(Tidy));
    }

    [Fact]
    public void The_example_of_the_documentation_has_its_form() =>
        Assert.Equal(CoordinationParserTests.Shop + "\n", PolicyFmt.Format(CoordinationParserTests.Shop));

    [Fact]
    public void Coordinations_and_budgets_have_their_form_and_keep_their_comments()
    {
        const string Messy = """
            rules:
            - then: {api: {atLeast: "web.wanted / 2"}}
              when: web.wanted>2*api.wanted   # twice
              rule: follows
            apps: {web: /shop/web, batch: '/shop/batch-*',
              api: /shop/api}
            coordination: shop
            ---
            dryRun: true
            coordination: other
            # who
            apps:
              web: /shop/web # the front
              # all behind it
              behind:
                dependenciesOf: web
            rules:
            - {rule: r, when: 'min(web.wanted, 3) > 1', then: {behind: {hold: scaleIn}}}
            ---
            memory: 64 GB
            instances: 3
            # the shop's
            apps: [/shop/a,/shop/b]
            budget: shop
            """;
        var once = PolicyFmt.Format(Messy);
        Assert.Equal("""
            coordination: shop
            apps: { web: /shop/web, batch: '/shop/batch-*', api: /shop/api }
            rules:
              - rule: follows
                when: web.wanted>2*api.wanted # twice
                then: { api: { atLeast: 'web.wanted / 2' } }
            ---
            coordination: other
            # who
            apps:
              web: /shop/web # the front
              # all behind it
              behind: { dependenciesOf: web }
            rules:
              - rule: r
                when: 'min(web.wanted, 3) > 1'
                then: { behind: { hold: scaleIn } }
            dryRun: true
            ---
            budget: shop
            # the shop's
            apps: [ /shop/a, /shop/b ]
            instances: 3
            memory: 64 GB

            """, once);
        Assert.Equal(once, PolicyFmt.Format(once));
    }

    [Fact]
    public void Formatting_twice_changes_nothing_more_and_never_the_meaning()
    {
        foreach (var file in PolicyDirectory.Find(Path.Combine(AppContext.BaseDirectory, "rules")))
        {
            var text = File.ReadAllText(file);
            var once = PolicyFmt.Format(text);
            Assert.Equal(once, PolicyFmt.Format(once));
            Assert.Empty(PolicyParser.Parse(file, once, File.ReadAllText).Problems);
            Assert.Equal(text.Count(c => c == '#'), once.Count(c => c == '#'));
        }
    }

    [Theory]
    [InlineData("a.test.yml")]
    [InlineData("a.txt")]
    public void What_is_no_policy_file_is_told_and_stays_as_it_is(string name)
    {
        var file = Path.Combine(Directory.CreateTempSubdirectory("fmt").FullName, name);
        try
        {
            const string Text = "tests:\n  - test: more\n    policy: a\n";
            File.WriteAllText(file, Text);
            var error = new StringWriter();
            Assert.Equal(2, PolicyFmt.Run([file], check: false, TextWriter.Null, error));
            Assert.Contains("no policy file", error.ToString(), StringComparison.Ordinal);
            Assert.Equal(Text, File.ReadAllText(file));
        }
        finally
        {
            Directory.Delete(Path.GetDirectoryName(file)!, recursive: true);
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
                "app: /a\npolicy: a\ninstances: {max: 2}\nrules: []\n---\nrules: []\npolicy: b\napp: /b\n"
                    + "instances: { max: 2 }\n");
            var output = new StringWriter();
            Assert.Equal(1, PolicyFmt.Run([directory], check: true, output, TextWriter.Null));
            Assert.Equal(file, output.ToString().Trim());
            Assert.Equal(0, PolicyFmt.Run([directory], check: false, TextWriter.Null, TextWriter.Null));
            Assert.Equal(0, PolicyFmt.Run([directory], check: true, TextWriter.Null, TextWriter.Null));
            Assert.Equal(
                "policy: a\napp: /a\ninstances: { max: 2 }\nrules: []\n---\npolicy: b\napp: /b\ninstances: { max: 2 }\n"
                    + "rules: []\n", File.ReadAllText(file));
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
